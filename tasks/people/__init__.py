"""Who the customers are, and what is known of them."""
