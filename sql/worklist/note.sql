-- What colleagues noted behind their tasks: write what the ledger does not know yet.
with noted as (
    select *
    from unnest(
        cast(:keys as text[]), cast(:done as boolean[]),
        cast(:answers as text[]), cast(:no_more as boolean[])
    ) as noted (key, is_done, answer, wants_no_more)
),

found as (
    select
        noted.*,
        touch.touch_id,
        touch.identifier_id,
        touch.campaign,
        coalesce(customers.merged_into, customers.customer_id) as customer_id,
        (
            select max(attempt.number)
            from attempt
            where attempt.touch_id = touch.touch_id
        ) as number
    from noted
    inner join touch
        on
            customer_of_key(noted.key) = touch.customer_id
            and noted.key = touch.key
            and touch.channel = 'worklist'
    inner join customers on touch.customer_id = customers.customer_id
),

heard as (
    insert into outcome (touch_id, happened_at, number, outcome, reason)
    select
        found.touch_id,
        :now,
        found.number,
        said.outcome,
        'worklist' as reason
    from found
    cross join
        lateral (
            values
            ('delivered', found.is_done or found.answer != ''),
            ('replied', found.answer != '')
        ) as said (outcome, is_so)
    where
        said.is_so
        and found.number is not null
        and not exists (
            select
            from outcome as known
            where
                known.touch_id = found.touch_id
                and known.outcome = said.outcome
        )
    returning outcome.touch_id, outcome.outcome
),

answered as (
    insert into interactions (
        source, kind, interaction_key, happened_at, account, identifier_id,
        customer_id, body
    )
    select
        'worklist' as source,
        'answer' as kind,
        found.key as interaction_key,
        :now as happened_at,
        :account,
        found.identifier_id,
        found.customer_id,
        found.answer as body
    from found
    where found.answer != ''
    on conflict on constraint interactions_natural_key do nothing
    returning interaction_id
),

stopped as (
    -- Whoever wants no more is asked on no channel any more.
    insert into consents (
        identifier_id, channel, purpose, is_granted, source, evidence, decided_at
    )
    select
        found.identifier_id,
        agreed.channel,
        'marketing' as purpose,
        false as is_granted,
        'worklist' as source,
        'told a colleague: ' || found.campaign as evidence,
        :now as decided_at
    from found
    cross join
        lateral (
            select distinct consents.channel
            from identifiers
            inner join consents on identifiers.identifier_id = consents.identifier_id
            where
                identifiers.customer_id = found.customer_id
                and consents.purpose = 'marketing'
        ) as agreed
    where
        found.wants_no_more
        and found.identifier_id is not null
        and coalesce(
            latest_consent(found.identifier_id, agreed.channel, 'marketing'), false
        )
    returning identifier_id
)

select
    (select count(*) from found) as known,
    (
        select count(*)
        from heard
        where heard.outcome = 'delivered'
    ) as done,
    (select count(*) from answered) as answered,
    (select count(distinct stopped.identifier_id) from stopped) as stopped;
