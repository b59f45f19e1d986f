-- How large the log's amounts are, and how many of them are no whole number of units of 1/$units of the currency.
--
-- A double holds 12.34 only nearly, so that its cents may come out as 1234.0000000000002: that much is no fraction.

SELECT
    MAX(ABS(margin)) AS largest_margin,                                                         -- if unit_cost
    COUNT(                                                                                      -- if unit_cost
        CASE WHEN ABS(margin * $units - ROUND(margin * $units)) > 1e-14 * ABS(margin * $units) THEN 1 END  -- if unit_cost
    ) AS margin_fractions,                                                                      -- if unit_cost
    MAX(ABS(amount)) AS largest,
    SUM(ABS(amount)) AS total,
    COUNT(
        CASE WHEN ABS(amount * $units - ROUND(amount * $units)) > 1e-14 * ABS(amount * $units) THEN 1 END
    ) AS fractions
FROM (
    SELECT
        CAST(amount AS DOUBLE) - CAST(unit_cost AS DOUBLE) * CAST(quantity AS DOUBLE) AS margin,  -- if unit_cost
        CAST(amount AS DOUBLE) AS amount
    FROM transactions
    WHERE date < CAST($day_after AS DATE)
) AS counted
