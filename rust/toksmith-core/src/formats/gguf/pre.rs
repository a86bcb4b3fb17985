//! `tokenizer.ggml.pre`: how text is cut before merging.
//!
//! The names and what they mean are llama.cpp's, which knows a tokenizer by the hash of what it
//! gives for one text; the patterns are in [`super::patterns`].
//!
//! Start at [`find`].

use super::patterns::{
    AFMOE, BAILINGMOE, BLOOM, CHAMELEON, DEEPSEEK_CODER, DEEPSEEK_LLM, DEEPSEEK_V3, DEFAULT,
    EXAONE_MOE, FALCON, GPT2, GPT4O, GRANITE_EMBED, JAIS2, KIMI_K2, LAGUNA, LLAMA3, MINICPM5,
    QWEN2, QWEN35, SEED_CODER, SPARK, STARCODER, SUPERBPE, TEKKEN, TINY_AYA, UFAKZEKA, YOUTU,
};
use crate::encode::pretokenize::Dialect;
use crate::error::{Error, Result};
use crate::formats::{Split, SplitBehaviour};

/// How the text of a BPE is prepared.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "one for each way in which files differ")]
pub(super) struct Pre {
    /// Cuts, one inside the pieces of the one before.
    patterns: &'static [&'static str],
    /// A piece that is a token is taken whole.
    pub(super) whole_words: bool,
    /// `add_bos_token`, where the file does not say.
    pub(super) add_bos: bool,
    /// `add_bos_token` whatever the file says.
    pub(super) always_bos: bool,
    /// `add_sep_token`, where the file does not say.
    pub(super) add_sep: bool,
    /// Whether a file without a `bos_token_id` has one all the same.
    pub(super) default_bos: bool,
    /// Tokens are text instead of bytes, with U+2581 for spaces.
    pub(super) raw: bool,
    /// A run of newlines that is a token is taken whole.
    pub(super) whole_newlines: bool,
}

/// What nothing more is said of.
const PLAIN: Pre = Pre {
    patterns: &[],
    whole_words: false,
    add_bos: false,
    always_bos: false,
    add_sep: false,
    default_bos: true,
    raw: false,
    whole_newlines: false,
};

const fn cut(patterns: &'static [&'static str]) -> Pre {
    Pre { patterns, ..PLAIN }
}

const fn whole(patterns: &'static [&'static str]) -> Pre {
    Pre { whole_words: true, ..cut(patterns) }
}

/// The pre-tokenizer of this name.
///
/// # Errors
/// [`Error::Unsupported`] for a name that is not known.
pub(super) fn find(name: &str) -> Result<Pre> {
    let lines = Pre { raw: true, ..cut(&[r"[^\n]+|[\n]+"]) };
    Ok(match name {
        "" | "default" => cut(DEFAULT),
        "gpt-2" | "phi-2" | "jina-es" | "jina-de" | "jina-v2-es" | "jina-v2-de" | "gigachat"
        | "a.x-4.0" | "mellum" | "modern-bert" | "exaone4" | "mpt" | "olmo" | "jais"
        | "trillion" | "granite-docling" => cut(&[GPT2]),
        "jina-v1-en" | "jina-v2-code" | "roberta-bpe" => Pre { add_sep: true, ..cut(&[GPT2]) },
        "llama3" | "llama-v3" | "llama-bpe" | "falcon3" | "falcon-h1" | "pixtral" | "midm-2.0"
        | "lfm2" | "jina-v5-nano" => Pre { add_bos: true, ..whole(LLAMA3) },
        "dbrx" | "smaug-bpe" => cut(LLAMA3),
        "chatglm-bpe" => Pre { default_bos: false, ..cut(LLAMA3) },
        "glm4" | "glm5" => Pre { default_bos: false, ..whole(LLAMA3) },
        "qwen2" | "deepseek-r1-qwen" | "kormo" | "f2llmv2" | "megrez" | "stablelm2" | "hunyuan"
        | "solar-open" | "grok-2" => cut(QWEN2),
        "qwen35" => cut(QWEN35),
        "minicpm5" => whole(MINICPM5),
        "laguna" => cut(LAGUNA),
        "ufakzeka" => cut(UFAKZEKA),
        "seed-coder" => cut(SEED_CODER),
        "bailingmoe" | "bailingmoe2" | "llada-moe" => cut(BAILINGMOE),
        "exaone-moe" => cut(EXAONE_MOE),
        "jais-2" => cut(JAIS2),
        "gpt-4o" | "llama4" | "kanana2" | "talkie" | "minimax-m2" => cut(GPT4O),
        "granite-embed-multi-97m" => whole(GRANITE_EMBED),
        "tekken" => Pre { add_bos: true, ..whole(TEKKEN) },
        "youtu" => whole(YOUTU),
        "tiny_aya" | "cohere2moe" => cut(TINY_AYA),
        "superbpe" => cut(SUPERBPE),
        "afmoe" => cut(AFMOE),
        "deepseek-v3" | "hunyuan-dense" | "hy_v4" | "joyai-llm" => cut(DEEPSEEK_V3),
        "spark2_5" => cut(SPARK),
        "deepseek-llm" => cut(DEEPSEEK_LLM),
        "deepseek-coder" => cut(DEEPSEEK_CODER),
        "kimi-k2" => cut(KIMI_K2),
        "falcon" => cut(FALCON),
        "starcoder" | "refact" | "command-r" | "smollm" | "codeshell" | "exaone" | "minerva-7b"
        | "mellum2" => cut(STARCODER),
        "poro-chat" | "bloom" | "gpt3-finnish" => cut(&[BLOOM]),
        "viking" => cut(&[BLOOM, r"\p{N}"]),
        "chameleon" => Pre { add_bos: true, ..cut(CHAMELEON) },
        "gemma4" | "granite-embed-multi-311m" => {
            Pre { always_bos: true, whole_newlines: true, ..lines }
        }
        "sarvam-moe" => lines,
        other => {
            return Err(Error::unsupported(format!("tokenizer.ggml.pre = {other:.80?}")));
        }
    })
}

impl Pre {
    /// The cuts; what lies between matches is a piece.
    pub(super) fn splits(&self) -> Vec<Split> {
        let split = |pattern: &&str| Split {
            pattern: (*pattern).to_owned(),
            dialect: Dialect::FancyRegex,
            behaviour: SplitBehaviour::Isolated,
            invert: false,
        };
        self.patterns.iter().map(split).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::encode::pretokenize::Scanner;
    use crate::error::Error;

    const NAMES: &str = "
        default gpt-2 phi-2 jina-es jina-de jina-v2-es jina-v2-de
        gigachat a.x-4.0 mellum modern-bert exaone4 mpt olmo
        jais trillion granite-docling jina-v1-en jina-v2-code roberta-bpe llama3
        llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2
        jina-v5-nano dbrx smaug-bpe chatglm-bpe glm4 glm5 qwen2
        deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open
        grok-2 qwen35 minicpm5 laguna ufakzeka seed-coder bailingmoe
        bailingmoe2 llada-moe exaone-moe jais-2 gpt-4o llama4 kanana2
        talkie minimax-m2 granite-embed-multi-97m tekken youtu tiny_aya cohere2moe
        superbpe afmoe deepseek-v3 hunyuan-dense hy_v4 joyai-llm spark2_5
        deepseek-llm deepseek-coder kimi-k2 falcon starcoder refact command-r
        smollm codeshell exaone minerva-7b mellum2 poro-chat bloom
        gpt3-finnish viking chameleon gemma4 granite-embed-multi-311m sarvam-moe
    ";

    #[test]
    fn every_pattern_compiles() -> Result<(), Error> {
        for name in NAMES.split_whitespace() {
            for split in find(name)?.splits() {
                Scanner::from_pattern(&split.pattern, split.dialect)?;
            }
        }
        assert!(find("whitespace").is_err());
        Ok(())
    }
}
