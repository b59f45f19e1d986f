"""From a client's file to its rows: encodings, workbooks, headings, numbers, days; what they mean is decided above."""
