-- From a transaction log to one row for each customer and day: was it a purchase, and what did it bring.
--
-- A day is a purchase when at least one of its rows is not a return, that is, has an amount of zero or more. All rows
-- of a day make one purchase; returns lower its money. Money is counted in whole units of 1/$units of the currency,
-- the smallest that occurs, which a double holds exactly up to 2^53, so that the order of adding never changes a total.
-- $day_after is the day after the last that counts.

SELECT
    customer_id,
    day,
    BOOL_OR(amount >= 0) AS purchase,
    SUM(ROUND(margin * $units)) AS margin,  -- if unit_cost
    SUM(ROUND(amount * $units)) AS money
FROM (
    SELECT
        customer_id,
        CAST(date AS DATE) AS day,
        CAST(amount AS DOUBLE) - CAST(unit_cost AS DOUBLE) * CAST(quantity AS DOUBLE) AS margin,  -- if unit_cost
        CAST(amount AS DOUBLE) AS amount
    FROM transactions
    WHERE date < CAST($day_after AS DATE)  -- the column bare on one side: a Parquet file then skips what is later
) AS counted
GROUP BY customer_id, day
