-- title:      Billing stores the deal's id
-- pairs:      deals invoices
-- confidence: 1
-- reads:      link_deals, link_invoices
-- needs:      link_deals, link_invoices
-- why:        Whoever made the invoice from the deal left the deal's id on it. No amount needs to agree.
SELECT
  d.n AS left_n,
  i.n AS right_n
FROM link_invoices AS i
INNER JOIN link_deals AS d
  ON d.id = i.deal_id
