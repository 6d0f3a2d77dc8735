"""What people and other tools see: made from results, histories and judgements alone."""
