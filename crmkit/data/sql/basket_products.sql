-- From lines of baskets to one row per product and basket size: in how many baskets of that size the product is.
--
-- A product counts once in a basket, however often it was entered. Products in fewer than $least baskets are left out.

WITH lines AS (
    SELECT DISTINCT order_id, product_id
    FROM transactions
),

sizes AS (
    SELECT order_id, COUNT(*) AS size
    FROM lines
    GROUP BY order_id
),

frequent AS (
    SELECT product_id
    FROM lines
    GROUP BY product_id
    HAVING COUNT(*) >= $least
)

SELECT size, lines.product_id, COUNT(*) AS baskets
FROM lines
JOIN sizes ON sizes.order_id = lines.order_id
JOIN frequent ON frequent.product_id = lines.product_id
GROUP BY size, lines.product_id
ORDER BY size, lines.product_id
