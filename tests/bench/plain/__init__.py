"""What intake is compared with: answers that do nothing, and what teams write instead."""
