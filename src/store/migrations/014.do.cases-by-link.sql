-- Every case about a link names it in `link_id`: open ones are asked for whenever the link is decided about, closed ones only grow in number.
drop index cases_about;
drop index cases_link;
create index cases_link on cases (connection_id, link_id, status);
