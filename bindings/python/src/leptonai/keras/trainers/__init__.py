"""How models are trained, evaluated and asked: data, progress, callbacks, and the calls themselves."""
