create table prompt (name text, version integer, text text);

insert into prompt values ('triage', 1, 'What is this ticket about? {ticket}');

insert into prompt values ('triage', 2, 'Sort the ticket into one of:
- billing: money, invoice, charge, refund
- shipping: parcel, delivery, address
Reply with the label only, nothing else.
Ticket: {ticket}');

insert into prompt values ('tone', 1, 'Is the mail polite? Answer yes or no, nothing else.
Mail: {mail}');
