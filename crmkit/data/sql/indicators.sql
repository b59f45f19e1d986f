-- From a transaction log to one row per period of $months months (counted from year 0): money, and who bought.

WITH days AS (
    -- include purchase_days.sql
),

dated AS (
    SELECT *, (YEAR(day) * 12 + MONTH(day) - 1) // $months AS period
    FROM days
),

sales AS (
    SELECT
        period,
        SUM(margin) AS margin,                                    -- if unit_cost
        SUM(money) AS money
    FROM dated
    GROUP BY period
),

orders AS (                                                       -- if order_id
    SELECT period, COUNT(DISTINCT order_id) AS orders             -- if order_id
    FROM (                                                        -- if order_id
        SELECT                                                    -- if order_id
            order_id,                                             -- if order_id
            (YEAR(date) * 12 + MONTH(date) - 1) // $months AS period -- if order_id
        FROM transactions                                         -- if order_id
        WHERE date < CAST($day_after AS DATE) AND amount >= 0     -- if order_id
    ) AS bought                                                   -- if order_id
    GROUP BY period                                               -- if order_id
),                                                                -- if order_id

active AS (
    SELECT customer_id, period, COUNT(*) AS purchases
    FROM dated
    WHERE purchase
    GROUP BY customer_id, period
),

followed AS (
    SELECT
        period,
        purchases,
        LAG(period) OVER (PARTITION BY customer_id ORDER BY period) AS period_before
    FROM active
),

buyers AS (
    SELECT
        period,
        COUNT(*) AS active,
        COUNT(CASE WHEN period_before IS NULL THEN 1 END) AS new,
        COUNT(CASE WHEN period_before = period - 1 THEN 1 END) AS retained,
        COUNT(CASE WHEN purchases > 1 THEN 1 END) AS repeating,
        SUM(purchases) AS purchases
    FROM followed
    GROUP BY period
)

SELECT
    sales.period,
    money,
    margin,                                                       -- if unit_cost
    COALESCE(active, 0) AS active,
    COALESCE(new, 0) AS new,
    COALESCE(retained, 0) AS retained,
    COALESCE(repeating, 0) AS repeating,
    COALESCE(orders.orders, 0) AS orders                          -- if order_id
    COALESCE(purchases, 0) AS orders                              -- if no order_id
FROM sales
LEFT JOIN buyers ON buyers.period = sales.period
LEFT JOIN orders ON orders.period = sales.period                  -- if order_id
ORDER BY sales.period
