# Reference values by R (survival, cmprsk): Rscript r_values.R followed.csv r_values.csv
suppressMessages({library(survival); library(cmprsk)})
a <- commandArgs(TRUE); d <- read.csv(a[1]); out <- list(); k <- 0
put <- function(set,q,v){ k <<- k+1; out[[k]] <<- data.frame(set=set,quantity=q,index=seq_along(v)-1,value=sprintf("%.17g",as.numeric(v))) }
for (s in unique(d$set)) { e <- d[d$set==s,]; ev <- as.integer(e$cause==1)
 f <- survfit(Surv(e$time,ev)~1,conf.type="log-log")
 put(s,"km_time",f$time); put(s,"km_at_risk",f$n.risk); put(s,"km_surv",f$surv); put(s,"km_se",f$surv*f$std.err); put(s,"km_lower",f$lower); put(s,"km_upper",f$upper)
 for (p in c(.1,.25,.5,.75,.9)) { q <- quantile(f,p); put(s,paste0("quantile_",p),c(q$quantile,q$lower,q$upper)) }
 g <- survfit(Surv(e$time,1-ev)~1,conf.type="log-log"); q<-quantile(g,.5); put(s,"follow_up",c(q$quantile,q$lower,q$upper))
 for (u in c(.5,1)) { tau <- u*max(e$time); if (tau>0) { m <- try(summary(f,rmean=tau)$table,silent=TRUE); if (!inherits(m,"try-error")) put(s,paste0("rmst_",u),c(tau,m["rmean"],m["se(rmean)"])) } }
 anyev <- any(e$cause>0)
 if (anyev) { cu <- cuminc(e$time,e$cause); tp <- timepoints(cu,sort(unique(e$time)))
  for (r in rownames(tp$est)) { c1 <- sub(".* ","",r); put(s,paste0("cif_",c1),tp$est[r,]); put(s,paste0("cifvar_",c1),tp$var[r,]) } }
 if (length(unique(e$group))>1) {
  for (rho in c(0,1)) { sd <- try(survdiff(Surv(e$time,ev)~e$group,rho=rho),silent=TRUE); if (!inherits(sd,"try-error")) put(s,paste0("logrank_",rho),c(sd$chisq,sum(sd$exp>0)-1)) }
  sd <- try(survdiff(Surv(e$time,ev)~e$group+strata(e$stratum)),silent=TRUE); if (!inherits(sd,"try-error")) put(s,"logrank_strata",c(sd$chisq))
  gt <- try(cuminc(e$time,e$cause,e$group)$Tests,silent=TRUE); if (!inherits(gt,"try-error") && !is.null(gt)) for (r in rownames(gt)) put(s,paste0("gray_",r),gt[r,]) }
 if (sum(ev)>4 && length(unique(e$x))>1) for (ties in c("efron","breslow")) for (st in 0:2) {
   fo <- if (st==0) Surv(e$time,ev)~e$x+e$z else if (st==1) Surv(e$time,ev)~e$x+e$z+strata(e$stratum) else Surv(e$entry,e$time,ev)~e$x+e$z
   if (st==2 && any(is.na(e$entry))) next
   cx <- try(coxph(fo,ties=ties,control=coxph.control(eps=1e-14,iter.max=60,toler.chol=1e-15)),silent=TRUE)
   if (!inherits(cx,"try-error")) { put(s,paste0("cox_",ties,st),c(coef(cx),sqrt(diag(vcov(cx))),cx$loglik,cx$score,cx$wald.test)) } }
 if (!any(is.na(e$entry))) { f <- survfit(Surv(e$entry,e$time,ev)~1,conf.type="log-log"); keep<-f$n.event>0; put(s,"lt_time",f$time[keep]); put(s,"lt_surv",f$surv[keep]); put(s,"lt_se",(f$surv*f$std.err)[keep]) }
}
write.csv(do.call(rbind,out),a[2],row.names=FALSE,quote=FALSE)
