DROP TABLE discord_keeper;
DROP TABLE discord_stories;
DROP TABLE discord_messages;
DROP TABLE discord_links;
