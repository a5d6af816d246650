"""What operators install, back up and move is tried as they would do it."""
