"""What a student's notebook and the grader share: answers by name."""
