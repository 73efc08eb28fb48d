"""Reading and writing items: Directus' items service."""
