"""The database: connections and transactions, the schema, and the table of runs."""
