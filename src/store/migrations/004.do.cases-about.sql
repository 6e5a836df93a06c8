-- All questions about one link, which its workflow asks for at every look: closed ones only grow in number.
create index cases_about on cases (connection_id, coalesce(link_id, subject), status);
