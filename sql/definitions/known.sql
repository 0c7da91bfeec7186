-- With which text was each derived thing of this kind last computed?
select
    name,
    digest,
    computed_at
from definitions
where kind = :kind;
