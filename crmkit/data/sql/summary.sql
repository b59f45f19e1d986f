-- From a transaction log to one row per customer.
--
-- A day is a purchase day when at least one of its rows is not a return, that is, has an amount of zero or more.
-- All rows of a day make one purchase. Money is counted in whole cents, which a double holds exactly up to 2^53,
-- so that the order of adding never changes a total. Lines marked  -- order_id  are left out when there is none.
-- $as_of is the last day that counts, $day_after the one after it.

WITH counted AS (
    SELECT
        customer_id,
        order_id,                                                 -- order_id
        CAST(date AS DATE) AS day,
        CAST(amount AS DOUBLE) AS amount
    FROM transactions
    WHERE date < CAST($day_after AS DATE)  -- the column bare on one side: a Parquet file then skips what is later
),

days AS (
    SELECT
        customer_id,
        CASE WHEN MAX(amount) >= 0 THEN day END AS purchase_day,  -- missing when the day has only returns
        SUM(ROUND(amount * 100)) AS cents
    FROM counted
    GROUP BY customer_id, day
),

orders AS (                                                       -- order_id
    SELECT customer_id, COUNT(DISTINCT order_id) AS orders        -- order_id
    FROM counted                                                  -- order_id
    WHERE amount >= 0                                             -- order_id
    GROUP BY customer_id                                          -- order_id
),                                                                -- order_id

customers AS (
    SELECT
        customer_id,
        MIN(purchase_day) AS first_purchase,
        MAX(purchase_day) AS last_purchase,
        COUNT(purchase_day) AS purchases,
        SUM(cents) AS cents,
        COALESCE(ARG_MIN(cents, purchase_day), 0) AS first_cents
    FROM days
    GROUP BY customer_id
)

SELECT
    customers.customer_id,
    first_purchase,
    last_purchase,
    purchases,
    COALESCE(orders.orders, 0) AS orders,                         -- order_id
    CASE WHEN purchases > 1 THEN purchases - 1 ELSE 0 END AS frequency,
    DATE_DIFF('day', last_purchase, CAST($as_of AS DATE)) AS days_since_last,
    DATE_DIFF('day', first_purchase, last_purchase) AS t_x,
    DATE_DIFF('day', first_purchase, CAST($as_of AS DATE)) AS T,
    cents / 100 AS revenue,
    (cents - first_cents) / 100 AS repeat_revenue,
    CASE WHEN purchases > 1 THEN (cents - first_cents) / 100 / (purchases - 1) END AS monetary
FROM customers
LEFT JOIN orders ON orders.customer_id = customers.customer_id    -- order_id
ORDER BY customers.customer_id
