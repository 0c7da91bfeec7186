-- Who agreed to be written to, and who took it back?
insert into consents (
    identifier_id, channel, purpose, is_granted, source, evidence, decided_at
)
select
    people.person * 8 + asked.place as identifier_id,
    asked.channel,
    'marketing' as purpose,
    answers.is_granted,
    world.source(people.home, 0) as source,
    answers.evidence,
    answers.decided_at
from world.people as people
cross join
    lateral (
        values
        (3, 'sms', has_phone and world.chance('sms consent', :seed, person) < 0.62),
        (4, 'email', has_email and world.chance('mail consent', :seed, person) < 0.7),
        (6, 'wechat_template', has_unionid)
    ) as asked (place, channel, was_given)
cross join
    lateral (
        values
        (true, 'checkout', first_at),
        (false, 'replied stop', last_at + interval '2 hours')
    ) as answers (is_granted, evidence, decided_at)
where
    asked.was_given
    and (
        answers.is_granted
        or world.chance('withdraws ' || asked.channel, :seed, person) < 0.04
    )
order by people.person, asked.place, answers.decided_at;
