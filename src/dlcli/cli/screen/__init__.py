"""What commands show: results, notes, tables, progress, and questions."""
