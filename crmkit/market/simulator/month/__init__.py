"""One month of the market, step by step: who arrives, whom the firm approaches, what they answer, buy and say."""
