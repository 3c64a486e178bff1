-- The schema public as one JSON value, for records and rpc.
select json_build_object(
  'tables', (
    select coalesce(json_agg(json_build_object(
      'name', c.relname,
      'columns', (
        select coalesce(json_agg(json_build_object(
          'name', a.attname,
          'type', format_type(a.atttypid, null),
          'base', format_type(coalesce(nullif(t.typbasetype, 0), t.oid), null),
          'default', case
            when a.attidentity <> '' then format(
              'nextval(%L)',
              pg_get_serial_sequence(format('public.%I', c.relname), a.attname)
            )
            when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid)
          end
        ) order by a.attnum), '[]')
        from pg_attribute a
        join pg_type t on t.oid = a.atttypid
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      ),
      -- The primary key first, then other unique keys.
      'keys', (
        select coalesce(json_agg(json_build_object(
          'primary', i.indisprimary,
          'columns', (
            select json_agg(a.attname order by k.place)
            from unnest(i.indkey::int2[]) with ordinality k (number, place)
            join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
          )
        ) order by i.indisprimary desc, i.indexrelid), '[]')
        from pg_index i
        where i.indrelid = c.oid and i.indisunique and i.indpred is null and i.indexprs is null
      )
    ) order by c.relname), '[]')
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
  ),
  'foreignKeys', (
    select coalesce(json_agg(json_build_object(
      'name', f.conname,
      'table', c.relname,
      'target', r.relname,
      'columns', (
        select json_agg(json_build_array(a.attname, b.attname) order by k.place)
        from unnest(f.conkey, f.confkey) with ordinality k (own, other, place)
        join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.own
        join pg_attribute b on b.attrelid = f.confrelid and b.attnum = k.other
      )
    ) order by c.relname, f.conname), '[]')
    from pg_constraint f
    join pg_class c on c.oid = f.conrelid and c.relnamespace = 'public'::regnamespace
    join pg_class r on r.oid = f.confrelid and r.relnamespace = 'public'::regnamespace
    where f.contype = 'f' and f.conparentid = 0
  ),
  'functions', (
    select coalesce(json_agg(json_build_object(
      'name', p.proname,
      'parameters', (
        select coalesce(json_agg(json_build_object(
          'name', coalesce(p.proargnames[k.place], ''),
          'type', format_type(k.type, null),
          'required', k.place <= p.pronargs - p.pronargdefaults,
          'variadic', p.provariadic <> 0 and k.place = p.pronargs
        ) order by k.place), '[]')
        from unnest(p.proargtypes::oid[]) with ordinality k (type, place)
      ),
      'returnsSet', p.proretset,
      'returnsVoid', p.prorettype = 'void'::regtype,
      -- Out parameters and "returns table" make rows. A plain record is one value, as in PostgREST.
      'returnsRow', t.typtype = 'c' or coalesce(p.proargmodes::text[] && '{t,b,o}', false),
      'table', r.relname
    ) order by p.proname, p.oid), '[]')
    from pg_proc p
    join pg_type t on t.oid = p.prorettype
    left join pg_class r on r.oid = t.typrelid and r.relkind in ('r', 'p', 'v', 'm', 'f')
    where p.pronamespace = 'public'::regnamespace and p.prokind = 'f'
  )
)::text as catalog
