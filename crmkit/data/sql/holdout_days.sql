-- How many repeat purchases each day brought from the customers first seen by $calibration_end.

WITH days AS (
    -- include purchase_days.sql
),

customers AS (
    SELECT customer_id, MIN(day) AS first_purchase
    FROM days
    WHERE purchase
    GROUP BY customer_id
)

SELECT
    day,
    COUNT(*) AS purchases
FROM days
JOIN customers ON customers.customer_id = days.customer_id
WHERE purchase AND day > first_purchase AND first_purchase <= CAST($calibration_end AS DATE)
GROUP BY day
ORDER BY day
