-- Which profiles name nobody, since none of their identifiers can be used?
with person as (
    select
        record_no,
        case
            when
                normal_identifier('buyer', buyer_id) is null
                and coalesce(
                    normal_identifier('phone', phone),
                    normal_identifier('local_phone', phone),
                    normal_identifier('email', email)
                ) is null
                and not exists (
                    select from
                        jsonb_array_elements(
                            case
                                when jsonb_typeof(more_identifiers) = 'array'
                                    then more_identifiers
                                else '[]'
                            end
                        ) as entry
                    where
                        normal_identifier(entry ->> 'kind', entry ->> 'value')
                        is not null
                )
                then concat_ws(
                    ', ',
                    'no buyer id',
                    coalesce('phone "' || phone || '" cannot be used', 'no phone'),
                    coalesce('e-mail "' || email || '" cannot be used', 'no e-mail')
                )
        end as nobody
    from checked
)

update checked
set nobody = person.nobody
from person
where
    checked.record_no = person.record_no
    and checked.nobody is distinct from person.nobody;
