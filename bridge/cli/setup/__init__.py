"""The steps of `ace-bridge setup`, from the DAWs to a first remix."""
