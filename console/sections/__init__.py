"""The console's sections: each module has a Sanic blueprint called `blueprint`, whose name is the module's."""
