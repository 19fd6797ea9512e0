"""The log in AMQP: its topology, connections, confirmed publishing, and the in-process twin of RabbitMQ."""
