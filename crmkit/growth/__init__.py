"""The funnel, the customer ladder, cross-selling and referral (F23–F25, F27)."""
