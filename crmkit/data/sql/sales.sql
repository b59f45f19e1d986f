-- From a transaction log to one row per day: what it brought from customers on their first purchase, and from others.
--
-- What came before a customer's first purchase counts with it; what somebody who never bought gave back, counts as later.

WITH days AS (
    -- include purchase_days.sql
),

first_orders AS (
    SELECT customer_id, MIN(day) AS first_day
    FROM days
    WHERE purchase
    GROUP BY customer_id
)

SELECT
    day,
    SUM(CASE WHEN day <= first_day THEN money ELSE 0 END) AS first_money,
    SUM(CASE WHEN day <= first_day THEN 0 ELSE money END) AS later_money
FROM days
LEFT JOIN first_orders ON first_orders.customer_id = days.customer_id
GROUP BY day
ORDER BY day
