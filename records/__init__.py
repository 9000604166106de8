"""The system of record: tables, migrations, queries; SQLite and PostgreSQL."""
