-- Of the customers first seen in a month, how many bought in each month from then on; months counted as 12 × year + month.

WITH days AS (
    -- include purchase_days.sql
),

months AS (
    SELECT
        customer_id,
        YEAR(day) * 12 + MONTH(day) - 1 AS month
    FROM days
    WHERE purchase
    GROUP BY customer_id, YEAR(day) * 12 + MONTH(day) - 1
),

firsts AS (
    SELECT
        customer_id,
        MIN(month) AS first_month
    FROM months
    GROUP BY customer_id
)

SELECT
    firsts.first_month AS first_month,
    months.month - firsts.first_month AS months_later,
    COUNT(*) AS active_customers
FROM months
INNER JOIN firsts ON months.customer_id = firsts.customer_id
GROUP BY firsts.first_month, months.month - firsts.first_month
ORDER BY first_month, months_later
