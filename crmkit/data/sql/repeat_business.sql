-- From a transaction log to one row per buyer: what the first order brought and what came later, and the wait between.
--
-- What came before the first purchase counts with it. Whoever has no second order has waited until $as_of so far.

WITH days AS (
    -- include purchase_days.sql
),

first_orders AS (
    SELECT customer_id, MIN(day) AS first_day
    FROM days
    WHERE purchase
    GROUP BY customer_id
),

buyers AS (
    SELECT
        days.customer_id,
        first_day,
        MIN(CASE WHEN purchase AND day > first_day THEN day END) AS second_day,
        SUM(CASE WHEN day <= first_day THEN margin ELSE 0 END) AS first_margin,  -- if unit_cost
        SUM(CASE WHEN day > first_day THEN margin ELSE 0 END) AS later_margin,   -- if unit_cost
        SUM(CASE WHEN day <= first_day THEN money ELSE 0 END) AS first_money,
        SUM(CASE WHEN day > first_day THEN money ELSE 0 END) AS later_money
    FROM days
    JOIN first_orders ON first_orders.customer_id = days.customer_id
    GROUP BY days.customer_id, first_day
)

SELECT
    customer_id,
    first_money,
    later_money,
    first_margin,                                                                -- if unit_cost
    later_margin,                                                                -- if unit_cost
    CASE WHEN second_day IS NULL THEN 0 ELSE 1 END AS back,
    DATE_DIFF('day', first_day, COALESCE(second_day, CAST($as_of AS DATE))) AS waited_days
FROM buyers
ORDER BY CAST(customer_id AS VARCHAR), customer_id
