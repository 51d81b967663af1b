"""What is odd in the records and what is missing from the bars: counted, never hidden."""
