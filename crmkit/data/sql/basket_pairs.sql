-- From lines of baskets to one row per pair of products: how many baskets hold both; pairs in fewer than $least are left out.

WITH lines AS (
    SELECT DISTINCT order_id, product_id
    FROM transactions
),

frequent AS (
    SELECT product_id
    FROM lines
    GROUP BY product_id
    HAVING COUNT(*) >= $least
),

kept AS (
    SELECT lines.order_id, lines.product_id
    FROM lines
    JOIN frequent ON frequent.product_id = lines.product_id
)

SELECT
    one.product_id,
    other.product_id AS next_product_id,
    COUNT(*) AS baskets
FROM kept AS one
JOIN kept AS other ON other.order_id = one.order_id AND other.product_id > one.product_id
GROUP BY one.product_id, other.product_id
HAVING COUNT(*) >= $least
ORDER BY one.product_id, other.product_id
