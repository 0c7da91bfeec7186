-- The platform made it, or will make it never: what does it lead to?
update codes
set
    url = :url,
    image_url = :image_url,
    reference = :reference,
    ends_at = :ends_at
where code = :code
