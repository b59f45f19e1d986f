-- From a transaction log to one row per customer: when they bought, how often, how much, as of the end of $as_of.

WITH days AS (
    -- include purchase_days.sql
),

orders AS (                                                       -- if order_id
    SELECT customer_id, COUNT(DISTINCT order_id) AS orders        -- if order_id
    FROM transactions                                             -- if order_id
    WHERE date < CAST($day_after AS DATE) AND amount >= 0         -- if order_id
    GROUP BY customer_id                                          -- if order_id
),                                                                -- if order_id

customers AS (
    SELECT
        customer_id,
        MIN(purchase_day) AS first_purchase,
        MAX(purchase_day) AS last_purchase,
        COUNT(purchase_day) AS purchases,
        SUM(money) AS money,
        COALESCE(ARG_MIN(money, purchase_day), 0) AS first_money
    FROM (SELECT customer_id, money, CASE WHEN purchase THEN day END AS purchase_day FROM days) AS marked
    GROUP BY customer_id
)

SELECT
    customers.customer_id,
    first_purchase,
    last_purchase,
    purchases,
    COALESCE(orders.orders, 0) AS orders,                         -- if order_id
    CASE WHEN purchases > 1 THEN purchases - 1 ELSE 0 END AS frequency,
    DATE_DIFF('day', last_purchase, CAST($as_of AS DATE)) AS days_since_last,
    DATE_DIFF('day', first_purchase, last_purchase) AS t_x,
    DATE_DIFF('day', first_purchase, CAST($as_of AS DATE)) AS T,
    money / $units AS revenue,
    (money - first_money) / $units AS repeat_revenue,
    CASE WHEN purchases > 1 THEN (money - first_money) / $units / (purchases - 1) END AS monetary
FROM customers
LEFT JOIN orders ON orders.customer_id = customers.customer_id    -- if order_id
ORDER BY customers.customer_id
