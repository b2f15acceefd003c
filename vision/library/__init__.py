"""Many clips: what is known of each patient, what was done with which settings, and how it is done again safely."""
