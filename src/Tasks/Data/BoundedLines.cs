using System.Text;

namespace OptimizerBuild.Data;

/// <summary>The lines of a text, none of which may be longer than a bound, so that a file without line ends fills no memory.</summary>
/// <param name="text">The text.</param>
/// <param name="maximum">The most characters of a line.</param>
internal sealed class BoundedLines(TextReader text, long maximum)
{
    private readonly StringBuilder _line = new();
    private readonly int _maximum = (int)Math.Min(maximum, 1 << 28);

    /// <summary>The number of the last line, from 1 on.</summary>
    public int Number { get; private set; }

    /// <summary>Whether a line was too long; there are none after it then.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>The next line without its end; null after the last one.</summary>
    public string? Next()
    {
        if (IsTooLong || text.Peek() < 0)
            return null;
        Number++;
        _line.Clear();
        for (int c = text.Read(); c is >= 0 and not '\n'; c = text.Read())
        {
            if (_line.Length >= _maximum)
            {
                IsTooLong = true;
                return null;
            }
            _line.Append((char)c);
        }
        if (_line.Length > 0 && _line[^1] == '\r')
            _line.Length--;
        return _line.ToString();
    }
}
