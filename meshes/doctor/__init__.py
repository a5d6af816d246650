"""What `manage.py doctor` looks at: one function a check, listed in `examining`.

Every check only reads, and says in one line how things are and what to do. None prints a
secret or anything about a person.
"""
