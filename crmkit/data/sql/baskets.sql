-- From lines of baskets to one row per basket size: how many baskets hold so many different products.

WITH sizes AS (
    SELECT order_id, COUNT(DISTINCT product_id) AS size
    FROM transactions
    GROUP BY order_id
)

SELECT size, COUNT(*) AS baskets
FROM sizes
GROUP BY size
ORDER BY size
