-- What does each message of a step cost that is paid by the piece?
with counted as (
    select
        said.place,
        coalesce(piece.pieces, :otherwise) as pieces
    from said
    left join
        jsonb_to_recordset(cast(:pieces as jsonb))
            as piece (language text, lengths text, pieces integer)
        on
            said.language = piece.language
            and cast(said.lengths as text) = piece.lengths
)

update decided
set price = decided.price * counted.pieces
from counted
where decided.ctid = counted.place and counted.pieces > 1;
