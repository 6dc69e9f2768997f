"""Prompts too small for a file of their own."""

TONE = """\
{# promptopt: begin instructions -#}
Is this draft of a mail to a customer friendly or curt?
- friendly: thanks, sorry, please, help
- curt: rejected, not our problem, no greeting
Answer with one word.
{# promptopt: end -#}
<draft>
{{ draft }}
</draft>
"""
