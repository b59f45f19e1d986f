-- One row per customer first seen by $calibration_end: the purchases up to then, and how many came in the days after.

WITH days AS (
    -- include purchase_days.sql
),

customers AS (
    SELECT
        customer_id,
        MIN(day) AS first_purchase,
        MAX(CASE WHEN day <= CAST($calibration_end AS DATE) THEN day END) AS last_purchase,
        COUNT(CASE WHEN day <= CAST($calibration_end AS DATE) THEN 1 END) AS purchases,
        COUNT(CASE WHEN day > CAST($calibration_end AS DATE) THEN 1 END) AS actual_purchases
    FROM days
    WHERE purchase
    GROUP BY customer_id
)

SELECT
    customer_id,
    purchases - 1 AS frequency,
    DATE_DIFF('day', first_purchase, last_purchase) AS t_x,
    DATE_DIFF('day', first_purchase, CAST($calibration_end AS DATE)) AS T,
    actual_purchases
FROM customers
WHERE first_purchase <= CAST($calibration_end AS DATE)
ORDER BY customer_id
