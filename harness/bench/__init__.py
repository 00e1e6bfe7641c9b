"""Deciding a comparison: from samples to an interval to a verdict. Pure; scipy does the statistics.

`decide` looks at every sample of one quantity, `settled` tells whether measuring may stop,
`compared` puts quantity, samples and decision together; `schedule` orders the turns.
"""
