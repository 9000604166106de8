"""The embedded MQTT broker: a child process that only knows the credentials of the register.

`choice` says which broker it is, `embedded` keeps it alive, `rights` says who may do what; the
rest is how mosquitto and amqtt are told.
"""
