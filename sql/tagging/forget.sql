-- The file of this tag is gone: nobody carries it by rule.
delete from tags
where origin = 'rule' and tag = :tag;

delete from definitions
where kind = 'tag' and name = :tag;
