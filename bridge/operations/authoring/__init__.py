"""What owners do with mapping files: draft, try, test, review, backtest, save. Nothing is sent."""
